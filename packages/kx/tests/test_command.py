"""The `kx` command beside `kx run`: help, info, summary."""

import json
import subprocess
import sys

import pytest

import kx
from kx.command import COMMANDS, main


@pytest.mark.parametrize("command", [[], *([name] for name in COMMANDS)], ids=["kx", *COMMANDS])
def test_help(command, capsys):
    with pytest.raises(SystemExit) as done:
        main([*command, "--help"])
    assert done.value.code == 0
    text = capsys.readouterr().out
    assert text.startswith(f"usage: kx{' ' if command else ''}{' '.join(command)}")
    if not command:
        assert all(name in text for name in COMMANDS)


def test_help_loads_nothing_heavy():
    code = "import sys\nfrom kx.command import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.split()
    assert "kx.command" in modules and not {"numpy", "kx_tensor", "kx_layers"} & set(modules)


def test_an_unknown_command(capsys):
    with pytest.raises(SystemExit) as done:
        main(["rnu"])
    assert done.value.code == 2 and "rnu" in capsys.readouterr().err


def test_info(capsys):
    assert main(["info"]) == 0
    text = capsys.readouterr().out
    assert f"backend:     {kx.config.backend()}" in text and "numpy" in text
    assert main(["info", "--json"]) == 0
    facts = json.loads(capsys.readouterr().out)
    assert facts["backend"] == kx.config.backend() and facts["threads"] >= 1
    assert facts["versions"]["numpy"]


def test_summary(tmp_path, capsys):
    model = kx.Sequential([kx.Input((4,)), kx.layers.Dense(3, name="hidden"), kx.layers.Dense(2)])
    for name in ("model.keras", "model.h5"):
        path = tmp_path / name
        model.save(path)
        assert main(["summary", str(path), "--trainable"]) == 0
        text = capsys.readouterr().out
        assert "hidden (Dense)" in text and "Total params: 23" in text
    assert main(["summary", str(tmp_path / "none.keras")]) == 1
    assert "kx summary:" in capsys.readouterr().err
    broken = tmp_path / "broken.keras"
    broken.write_bytes(b"not a zip")
    assert main(["summary", str(broken)]) == 1
