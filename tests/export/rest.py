"""A SavedModel behind the REST interface of TensorFlow Serving, as its documentation maps JSON to tensors.

https://www.tensorflow.org/tfx/serving/api_rest. Like the server, it runs the signature's tensors in a session
that knows nothing of Python functions.
"""

import json

import numpy as np
import tensorflow as tf


class RestModel:
    """`predict` is `POST /v1/models/NAME:predict`."""

    def __init__(self, folder):
        with tf.Graph().as_default():
            self._session = tf.compat.v1.Session()
            self.meta_graph = tf.compat.v1.saved_model.load(self._session, ["serve"], str(folder))

    def predict(self, body):
        """Body of the request -> status and body of the answer."""
        try:
            request = json.loads(body)
            signature = self.meta_graph.signature_def[request.get("signature_name", "serving_default")]
            if ("instances" in request) == ("inputs" in request):
                raise ValueError("one of instances and inputs")
            if "inputs" in request:
                outputs = self._run(signature, request["inputs"])
                return 200, json.dumps({"outputs": {name: value.tolist() for name, value in outputs.items()}})
            outputs = self._run(signature, _columns(request["instances"]))
            rows = zip(*(value.tolist() for value in outputs.values()), strict=True)
            return 200, json.dumps({"predictions": [dict(zip(outputs, row, strict=True)) for row in rows]})
        except (ValueError, KeyError, tf.errors.InvalidArgumentError) as error:
            return 400, json.dumps({"error": str(error)})

    def _run(self, signature, columns):
        if not isinstance(columns, dict):
            (name,) = signature.inputs  # a single input needs no name
            columns = {name: columns}
        if columns.keys() != signature.inputs.keys():
            raise ValueError(f"inputs must be {list(signature.inputs)}")
        feed = {tensor.name: _tensor(columns[name], tensor) for name, tensor in signature.inputs.items()}
        fetches = {name: tensor.name for name, tensor in signature.outputs.items()}
        return self._session.run(fetches, feed)


def _columns(instances):
    """Rows, objects or bare values, to a column an input."""
    if not isinstance(instances[0], dict):
        return instances
    return {name: [row[name] for row in instances] for name in instances[0]}


def _tensor(values, tensor):
    array = np.array(values)  # rows of several lengths are an error
    if array.dtype.kind not in "if":
        raise ValueError("JSON value is not a number")
    return array.astype(tf.dtypes.as_dtype(tensor.dtype).as_numpy_dtype)
