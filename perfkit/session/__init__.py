"""The shell: calls the stages in order, one module a job."""
