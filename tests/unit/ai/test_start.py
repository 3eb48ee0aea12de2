"""What the service does not need to start, it does not import."""

import subprocess
import sys


def test_the_sdk_of_the_providers_is_not_imported_at_the_start() -> None:
    code = "import sys, huntaze_backend.app; print('openai' in sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "False"
