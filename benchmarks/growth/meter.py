"""Runs a command to its end and prints what it took, as JSON: wall and processor seconds, megabytes at most.

    python meter.py OUTPUT COMMAND...

What the command prints goes to the file OUTPUT. It may keep what it compiles, as what is installed is compiled once.
This is a process of its own, because Linux counts to a program also the memory of the one that started it: this one is
small. Its exit code is the command's.
"""

import json
import os
import sys
import time

output, *command = sys.argv[1:]
printing = [(os.POSIX_SPAWN_OPEN, 1, output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o666)]
begin = time.perf_counter()
environment = os.environ | {"PYTHONDONTWRITEBYTECODE": ""}
process = os.posix_spawn(command[0], command, environment, file_actions=printing)
_, status, used = os.wait4(process, 0)
wall = time.perf_counter() - begin
print(json.dumps({"wall": wall, "cpu": used.ru_utime + used.ru_stime, "peak": used.ru_maxrss / 1024}))
sys.exit(os.waitstatus_to_exitcode(status))
