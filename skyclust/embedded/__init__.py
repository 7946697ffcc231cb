"""The embedded installation: a Prefect server and a worker as processes of one home folder."""
