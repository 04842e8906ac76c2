"""Checks of the chart `deploy/helm/longshore` and the roles it runs, on a real Kubernetes."""
