{{/* Requests and limits: the profile's, with what `resources` says on top. */}}
{{- define "model.resources" -}}
{{- $profiles := dict
  "small" (dict "requests" (dict "cpu" "100m" "memory" "64Mi") "limits" (dict "cpu" "500m" "memory" "128Mi"))
  "standard" (dict "requests" (dict "cpu" "250m" "memory" "512Mi") "limits" (dict "cpu" "1" "memory" "1Gi"))
  "large" (dict "requests" (dict "cpu" "1" "memory" "2Gi") "limits" (dict "cpu" "2" "memory" "4Gi")) -}}
{{- mergeOverwrite (deepCopy (get $profiles .Values.profile)) (deepCopy .Values.resources) | toYaml -}}
{{- end -}}

{{- define "model.scaled" -}}
{{- if or .Values.autoscaling.enabled .Values.autoscaling.keda.enabled }}true{{ end -}}
{{- end -}}

{{/* Fewest pods that ever run. */}}
{{- define "model.fewest" -}}
{{- if .Values.autoscaling.keda.enabled -}}
{{- .Values.autoscaling.keda.minReplicas -}}
{{- else if .Values.autoscaling.enabled -}}
{{- .Values.autoscaling.minReplicas -}}
{{- else -}}
{{- .Values.replicaCount -}}
{{- end -}}
{{- end -}}

{{- define "model.edge" -}}
{{- if or .Values.loadBalancer.enabled .Values.gateway.enabled .Values.ingress.enabled }}true{{ end -}}
{{- end -}}

{{/* A load balancer forgets a pod later than kube-proxy does. */}}
{{- define "model.preStopSeconds" -}}
{{- if kindIs "invalid" .Values.drain.preStopSeconds -}}
{{- ternary 20 5 (eq (include "model.edge" .) "true") -}}
{{- else -}}
{{- int .Values.drain.preStopSeconds -}}
{{- end -}}
{{- end -}}

{{- define "model.terminationGracePeriodSeconds" -}}
{{- if kindIs "invalid" .Values.drain.terminationGracePeriodSeconds -}}
{{- add (int (include "model.preStopSeconds" .)) (int .Values.drain.graceSeconds) 5 -}}
{{- else -}}
{{- int .Values.drain.terminationGracePeriodSeconds -}}
{{- end -}}
{{- end -}}

{{/* Bytes of a quantity such as 2Gi. */}}
{{- define "model.bytes" -}}
{{- $units := dict "" 1 "k" 1000 "M" 1000000 "G" 1000000000 "T" 1000000000000 "Ki" 1024 "Mi" 1048576 "Gi" 1073741824 "Ti" 1099511627776 -}}
{{- $unit := regexReplaceAll "^[0-9.]+" . "" -}}
{{- mulf (float64 (trimSuffix $unit .)) (float64 (get $units $unit)) | int64 -}}
{{- end -}}

{{/* Whether the model comes over HTTPS from outside the cluster, S3 included. */}}
{{- define "model.remote" -}}
{{- if regexMatch "^(s3|https|models|runs|mlflow-artifacts):" .Values.model.uri }}true{{ end -}}
{{- end -}}

{{- define "model.spread" -}}
{{- $zone := .Values.topologySpread.zone -}}
{{- if eq $zone "auto" -}}
{{- $zone = ternary "DoNotSchedule" "ScheduleAnyway" (eq .Values.environment "production") -}}
{{- end -}}
{{- range $key, $when := dict "topology.kubernetes.io/zone" $zone "kubernetes.io/hostname" .Values.topologySpread.host }}
{{- if ne $when "off" }}
- maxSkew: 1
  topologyKey: {{ $key }}
  whenUnsatisfiable: {{ $when }}
  labelSelector:
    matchLabels:
      {{- include "model.selectorLabels" $ | nindent 6 }}
  matchLabelKeys:
    - pod-template-hash
{{- end }}
{{- end }}
{{- end -}}

{{- define "model.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "model.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
capabilities:
  drop: [ALL]
seccompProfile:
  type: RuntimeDefault
{{- end -}}
