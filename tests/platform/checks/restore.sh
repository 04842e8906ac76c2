#!/usr/bin/env bash
# What docs/guides/restore.md says to do when the volume of the tracking server is lost.
set -euo pipefail
kubectl -n longshore-system scale deployment longshore-tracking --replicas=0
kubectl -n longshore-system get pvc longshore-tracking -o json | jq '.metadata = {name: "longshore-tracking-restored", namespace: .metadata.namespace} | del(.spec.volumeName, .status)' | kubectl create -f -
kubectl -n longshore-system create job restore --from=cronjob/longshore-tracking-backup --dry-run=client -o json | jq '.spec.template.spec |= (del(.affinity) | .containers[0].args = ["tracking", "restore", "/backups", "--newest"] + (.containers[0].args[3:] | map(select(startswith("--keep") | not))) | (.volumes[] | select(.name == "data").persistentVolumeClaim.claimName) = "longshore-tracking-restored")' | kubectl create -f -
kubectl -n longshore-system wait job/restore --for=condition=complete --timeout=1h
kubectl -n longshore-system logs job/restore
