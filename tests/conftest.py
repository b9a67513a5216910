"""What tests share: one thread (2 cores are shared), and the folder of real films where there is one."""

import pytest
import torch

from medigenx_lib import settings


@pytest.fixture(scope="session", autouse=True)
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(scope="session")
def real_data():
    """The folder of real radiographs; skips the test where it is absent."""
    folder = settings.real_data_dir()
    if not folder.is_dir():
        pytest.skip(f"no real radiographs at {folder}; set MEDIGENX_REAL_DATA")
    return folder
