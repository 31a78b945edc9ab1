"""Certified classifiers in scikit-learn's form: ``fit``, ``predict``, ``certified_size``, ``certify``."""

from certvote.estimators.base import CertifiedClassifier
from certvote.estimators.ensembles import CertifiedBaggingClassifier, PartitionClassifier
from certvote.estimators.inputs import CertificateWarning
from certvote.estimators.neighbors import CertifiedKNeighborsClassifier, CertifiedRadiusNeighborsClassifier
from certvote.estimators.pipelines import certified_size, certify

__all__ = [
    "CertificateWarning",
    "CertifiedBaggingClassifier",
    "CertifiedClassifier",
    "CertifiedKNeighborsClassifier",
    "CertifiedRadiusNeighborsClassifier",
    "PartitionClassifier",
    "certified_size",
    "certify",
]
