"""Hold the learners, which train the base classifiers of ensembles: one module, one learner."""
