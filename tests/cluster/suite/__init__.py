"""Checks of the chart `deploy/helm/model` on a real Kubernetes, and what they are built from."""
