"""Strangers' code in a box: a Jupyter kernel in a sandbox, for nbgrader, nbclient and Python.

::

    Jupyter ── launcher (outside: sockets, watchdog, status) ── bwrap ══ walls ══ the kernel, its limits, the submission

A warm start (:mod:`effcv_lab.grading.sandbox.warm`) puts a fork of an interpreter behind the same walls in place of a new
one: torch is imported already, all else holds alike, and the same tests are run against both.

**Held**, on Linux with bubblewrap (:func:`effcv_lab.grading.sandbox.held.what_is_held` says by what on this system):

- No network. Of the machine's files only programs and libraries, for reading; of the course only copies of the plain files
  in the submission's folder: no notebook (its own neither), no gradebook, no other student.
- None of the grader's environment variables, no process of others, no rights, no way to new ones.
- Writing only into memory of bounded size, which goes with the last process. Nothing lies on disk, so nothing is left.
- Processor time, memory, processes and threads, size and number of files of the whole submission, also when root grades.
- All that a submission started ends with its kernel, the kernel with its launcher, the launcher with who started it.
- Nothing that it writes past Jupyter reaches the grader's terminal; a message larger than 8 MB is not taken in
  (:mod:`effcv_lab.grading.sandbox.session`).

**Not held**:

- Wall-clock time: who runs the cells counts it.
- What a submission says of itself. It shares its interpreter with the tests, holds the kernel's key, and may send any output
  and any reply: what comes out is a stranger's text.
- The catalogue of misconceptions and the kit's own answers to it: they are in the package that students have.
- Exactness: the watchdog looks 20 times a second. In between a submission may take what its processes, each bounded by
  Linux, take in that time; files and shared memory (``disk_bytes`` each) and what Linux itself keeps for sockets and pipes
  come on top of ``memory_bytes``. Children that nobody waits for do not count in the processor time of all.
- Faults of Linux: a sandbox of namespaces shares the machine's kernel. Where root grades, the submission's user is root with
  all rights taken away; as an ordinary user it is that user. Grade as an ordinary user where you can.
- Chance in a warm start: forks have their libraries at the same addresses.
- GPUs are not shown: kernels compute on the CPU.
"""
