"""Spark, started when it is asked for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from sod_analyzer.errors import ConfigError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession

_INSTALL = "pip install 'sod-analyzer[spark]'"
#: Whoever sets one of these has told Spark where to run.
_TOLD = ("PYSPARK_SUBMIT_ARGS", "PYSPARK_GATEWAY_PORT", "SPARK_CONF_DIR", "SPARK_HOME")
_ALWAYS = {
    "spark.app.name": "sod-analyzer",
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.execution.arrow.maxRecordsPerBatch": "500000",
    # Answers come as they are, and are as large as there are people.
    "spark.driver.maxResultSize": "0",
}
#: Where nobody says otherwise Spark runs here, for this one answer, and for nobody else.
_HERE = {
    "spark.master": "local[*]",
    # Everything that is fetched passes through it.
    "spark.driver.memory": "2g",
    "spark.driver.host": "127.0.0.1",
    "spark.driver.bindAddress": "127.0.0.1",
    "spark.ui.enabled": "false",
    "spark.ui.showConsoleProgress": "false",
    "spark.log.level": "ERROR",
}


@contextmanager
def spark_session() -> Iterator[SparkSession]:
    """Spark as it is configured, else on this machine; stopped at the end, unless it was there.

    Raises:
        ConfigError: Spark or Java is not there, or does not start.
    """
    if sys.platform == "win32":  # pragma: no cover - not tested there
        raise ConfigError("the engine spark runs on Linux and macOS")
    try:
        from pyspark.errors import PySparkException  # noqa: PLC0415 - an extra
        from pyspark.sql import SparkSession  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise ConfigError(
            f"the engine spark needs the extra 'spark' ({error.name} is missing); "
            f"install it with {_INSTALL}"
        ) from None
    running = SparkSession.getActiveSession()
    if running is not None:
        yield running
        return
    _find_java()
    settings: dict[str, bool | float | int | str | None] = dict(_ALWAYS)
    if not any(name in os.environ for name in _TOLD):
        settings |= _HERE
        # Workers are this Python, or they would not find this package.
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        os.environ.setdefault("SPARK_LOCAL_IP", "127.0.0.1")
    try:
        session = SparkSession.builder.config(map=settings).getOrCreate()
    except (PySparkException, OSError, RuntimeError) as error:
        raise ConfigError(f"Spark does not start: {first_line(error)}") from error
    try:
        yield session
    finally:
        session.stop()


def _find_java() -> None:
    """Spark says of a missing Java only that a gateway has gone."""
    if "PYSPARK_GATEWAY_PORT" in os.environ:
        return
    home = os.environ.get("JAVA_HOME")
    if home and not (Path(home) / "bin" / "java").is_file():
        raise ConfigError(
            f"the engine spark needs Java; JAVA_HOME is {home}, which has no bin/java"
        )
    if not home and shutil.which("java") is None:
        raise ConfigError(
            "the engine spark needs Java 17 or newer, and no java is on the path "
            "(Debian: apt install default-jre-headless)"
        )


def first_line(error: BaseException) -> str:
    """What an error of Spark says, without the traces of two languages."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[0] if lines else type(error).__name__
