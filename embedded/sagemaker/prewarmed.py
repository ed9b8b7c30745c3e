"""A prewarmed interpreter for the next container process, which then does not wait for imports."""

import errno
import json
import os
import subprocess
import sys
import threading
from collections.abc import Mapping, Sequence
from pathlib import Path

from embedded.context import Context
from embedded.sagemaker import prewarmed_interpreter
from embedded.sagemaker.container import base_environment

#: packages of the prebuilt scikit-learn image that nearly every script imports
IMAGE = (
    "numpy",
    "pandas",
    "pyarrow.parquet",
    "joblib",
    "sklearn.pipeline",
    "sklearn.compose",
    "sklearn.ensemble",
    "sklearn.linear_model",
    "sklearn.preprocessing",
    "sklearn.metrics",
)
#: read when a library is loaded; a command with other values gets a new process
THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
DELAY = 2.0  # seconds until the next one is started, so that it does not slow the command


class PrewarmedInterpreter:
    """One prewarmed interpreter at a time; without one, a new process is started. Thread-safe."""

    def __init__(self, context: Context, modules: Sequence[str], threads: Mapping[str, str] | None = None) -> None:
        """`threads` are the values of THREADS in the processes."""
        self._context = context
        self._modules = modules
        self._threads = dict(threads or {})
        self._lock = threading.Lock()
        self._prepared: tuple[subprocess.Popen[bytes], Path] | None = None
        self._count = 0

    def prepare(self) -> None:
        """Starts an interpreter if there is none. Returns before its imports are done."""
        with self._lock:
            if self._prepared is not None:
                return
            directory = self._context.workdir / "prewarmed"
            directory.mkdir(parents=True, exist_ok=True)
            self._count += 1
            fifo = directory / f"{id(self):x}-{self._count}"
            os.mkfifo(fifo)
            environment = base_environment(self._context, isolated=True, principal="") | self._threads
            args = [sys.executable, prewarmed_interpreter.__file__, str(fifo), *self._modules]
            try:
                process = self._context.processes.spawn(args, environment, directory, directory / "prewarmed.log")
            except OSError:  # the cloud is ending
                return
            self._prepared = (process, fifo)

    def spawn(self, args: Sequence[str], env: Mapping[str, str], cwd: Path, log_path: Path) -> subprocess.Popen[bytes]:
        """Starts a Python command as ProcessGroup.spawn does, in the prewarmed interpreter if it is ready."""
        process = self._take(args, env, cwd, log_path) if self._fits(args, env) else None
        timer = threading.Timer(DELAY, self.prepare)
        timer.daemon = True
        timer.start()
        return process or self._context.processes.spawn(args, env, cwd, log_path)

    def _fits(self, args: Sequence[str], env: Mapping[str, str]) -> bool:
        wanted = {name: env[name] for name in THREADS if name in env}
        return args[0] == sys.executable and wanted == self._threads

    def _take(
        self, args: Sequence[str], env: Mapping[str, str], cwd: Path, log_path: Path
    ) -> subprocess.Popen[bytes] | None:
        with self._lock:
            if self._prepared is None:
                return None
            process, fifo = self._prepared
            if process.poll() is not None:  # it has ended
                self._prepared = None
                return None
            try:
                pipe = os.open(fifo, os.O_WRONLY | os.O_NONBLOCK)
            except OSError as error:
                if error.errno != errno.ENXIO:  # it is not ready yet
                    raise
                return None
            self._prepared = None
        os.set_blocking(pipe, True)
        command = {"args": list(args), "env": dict(env), "cwd": str(cwd), "log": str(log_path)}
        with os.fdopen(pipe, "wb") as commands:
            commands.write(json.dumps(command).encode() + b"\n")
        fifo.unlink()
        fifo.with_suffix(".ready").unlink(missing_ok=True)
        return process
