# SPDX-License-Identifier: Apache-2.0
"""Options of the tiny-kernel tests."""


def pytest_addoption(parser):
    parser.addoption("--oracle", action="store_true",
                     help="run the kernels under Debian's Xen instead of Hearth")
