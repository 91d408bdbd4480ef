# SPDX-License-Identifier: Apache-2.0
"""The systemd unit: systemd accepts it, and it starts the daemon again with its store."""

import configparser
import shutil
import subprocess

import pytest
from store import HEARTH, TOP

UNIT = TOP / "tools/xenstored/xenstored.service"


def unit():
    # systemd allows a key more than once, and ours has none twice.
    parser = configparser.ConfigParser(strict=True, interpolation=None)
    parser.optionxform = str
    parser.read_string(UNIT.read_text())
    return parser


def test_starts_again():
    service = unit()["Service"]
    assert service["Restart"] == "on-failure"
    assert service["RuntimeDirectoryPreserve"] == "yes"
    assert unit()["Unit"]["StartLimitIntervalSec"] == "0"
    words = service["ExecStart"].split()
    assert words[words.index("--pid-file") + 1] == service["PIDFile"]
    folder = service["Environment"].partition("XENSTORED_RUNDIR=")[2]
    assert words[words.index("--persist") + 1].startswith(folder + "/")
    assert folder == "/run/" + service["RuntimeDirectory"]


def test_options_exist():
    words = unit()["Service"]["ExecStart"].split()
    usage = subprocess.run([HEARTH, "--help"], stdout=subprocess.PIPE, text=True, check=True,
                           env={"LD_LIBRARY_PATH":
                                str(TOP / "build/inputs/store/usr/lib/x86_64-linux-gnu")}).stdout
    for word in words[1:]:
        assert not word.startswith("--") or word in usage, word


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze here")
def test_systemd_accepts(tmp_path):
    program = tmp_path / "xenstored"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copy = tmp_path / "xenstored.service"
    copy.write_text(UNIT.read_text().replace("/usr/local/sbin/xenstored", str(program)))
    done = subprocess.run(["systemd-analyze", "verify", "--man=no", copy], text=True,
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    said = [line for line in done.stdout.splitlines() if "proc-xen.mount" not in line]
    assert not [line for line in said if "xenstored" in line], done.stdout
