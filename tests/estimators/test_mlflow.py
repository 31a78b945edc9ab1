"""Estimators are MLflow models: with signature and input example, and loaded they answer the same."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.naive_bayes import GaussianNB

from certvote.estimators import CertifiedKNeighborsClassifier, PartitionClassifier


@pytest.mark.parametrize(
    "estimator", [CertifiedKNeighborsClassifier(3), PartitionClassifier(GaussianNB(), n_parts=3)], ids=str
)
def test_a_logged_model_answers_the_same(tmp_path, database, estimator):
    from certvote.results.location import import_mlflow

    import_mlflow()
    import mlflow.sklearn

    rng = np.random.default_rng(0)
    x = pd.DataFrame(rng.normal(0, 1, (60, 3)), columns=["a", "b", "c"])
    y = np.where(x["a"] > 0, "yes", "no")
    fitted = estimator.fit(x, y)
    (tmp_path / "mlflow.db").write_bytes(database.read_bytes())
    mlflow.set_tracking_uri(f"sqlite:///{tmp_path}/mlflow.db")
    mlflow.create_experiment("models", artifact_location=(tmp_path / "artifacts").as_uri())
    mlflow.set_experiment("models")
    with warnings.catch_warnings(), mlflow.start_run():
        warnings.simplefilter("ignore")
        model = mlflow.sklearn.log_model(
            fitted,
            name="model",
            signature=mlflow.models.infer_signature(x, fitted.predict(x)),
            input_example=x.head(3),
            serialization_format="cloudpickle",
            pip_requirements=[],
        )
    loaded = mlflow.sklearn.load_model(model.model_uri)
    np.testing.assert_array_equal(loaded.certified_size(x), fitted.certified_size(x))
    served = mlflow.pyfunc.load_model(model.model_uri)
    assert served.metadata.signature.inputs.input_names() == ["a", "b", "c"]
    assert served.input_example.shape == (3, 3)
    assert list(served.predict(x)) == list(fitted.predict(x))
