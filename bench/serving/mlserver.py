"""MLServer, a runtime over the same pipeline: `python -m bench.serving.mlserver PORT`, in its own environment."""

from __future__ import annotations

import asyncio
import sys

from mlserver import MLModel, MLServer, ModelSettings, Settings
from mlserver.codecs import NumpyCodec, StringCodec
from mlserver.types import InferenceRequest, InferenceResponse, ResponseOutput

from bench.serving.prediction import PipelineModel


class Flights(MLModel):
    """Rows as one tensor per column, in the V2 protocol."""

    async def load(self) -> bool:
        """Loads the pipeline."""
        self._model = PipelineModel()
        return True

    async def predict(self, payload: InferenceRequest) -> InferenceResponse:
        """The positive's probabilities."""
        columns = {}
        for given in payload.inputs:
            codec = StringCodec if given.datatype == "BYTES" else NumpyCodec
            columns[given.name] = list(codec.decode_input(given))
        rows = [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
        predictions = self._model.predict(self._model.typed(rows))
        output = ResponseOutput(name="probability", shape=[len(predictions)], datatype="FP64", data=predictions)
        return InferenceResponse(model_name=self.name, outputs=[output])


async def main() -> None:
    """Serves one model, in one process."""
    settings = Settings(host="127.0.0.1", http_port=int(sys.argv[1]), grpc_port=int(sys.argv[1]) + 1,
                        metrics_port=int(sys.argv[1]) + 2, parallel_workers=0, debug=False)  # fmt: skip
    server = MLServer(settings)
    await server.start([ModelSettings(name="bench", implementation=Flights)])


if __name__ == "__main__":
    asyncio.run(main())
