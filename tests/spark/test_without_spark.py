"""Where Spark or Java is missing, the command says what to install."""

from __future__ import annotations

import sys

import pytest

from sod_analyzer.cli.exit import Exit, exit_for
from sod_analyzer.errors import ConfigError
from sod_analyzer.spark import session
from sod_analyzer.spark.session import first_line, spark_session


def test_without_the_extra_the_error_names_it(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.split(".")[0] == "pyspark"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "pyspark", None)

    with pytest.raises(ConfigError, match=r"pip install 'sod-analyzer\[spark\]'") as caught:
        spark_session().__enter__()

    assert exit_for(caught.value) is Exit.USAGE


def test_without_java_the_error_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.delenv("JAVA_HOME", raising=False)

    with pytest.raises(ConfigError, match="needs Java 17 or newer"):
        session._find_java()


def test_a_wrong_java_home_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory
) -> None:
    home = tmp_path_factory.mktemp("java")
    monkeypatch.setenv("JAVA_HOME", str(home))

    with pytest.raises(ConfigError, match=f"JAVA_HOME is {home}"):
        session._find_java()


def test_an_error_of_spark_is_told_in_one_line() -> None:
    assert first_line(RuntimeError("\n  it broke \n at Scala.foo\n")) == "it broke"
    assert first_line(RuntimeError("")) == "RuntimeError"
