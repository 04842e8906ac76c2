{{/* Labels of whatever the chart makes, but for the component. */}}
{{- define "longshore.commonLabels" -}}
app.kubernetes.io/part-of: longshore
{{- with .Values.image.tag }}
app.kubernetes.io/version: {{ . | trunc 63 | trimSuffix "-" | quote }}
{{- end }}
longshore.dev/environment: {{ .Values.environment }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* What tells the pods of a role from all others: dict root, role. */}}
{{- define "longshore.selectorLabels" -}}
app.kubernetes.io/name: longshore
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .role }}
{{- end -}}

{{/* Labels of an object: dict root, role. */}}
{{- define "longshore.labels" -}}
{{ include "longshore.selectorLabels" . }}
{{ include "longshore.commonLabels" .root }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{- define "longshore.image" -}}
{{- include "longshore.imageName" .Values.image -}}
{{- end -}}

{{/* The image of the tracking server: another one where one is named. */}}
{{- define "longshore.trackingImage" -}}
{{- $own := .Values.tracking.image -}}
{{- $digest := ternary $own.digest .Values.image.digest (or (ne $own.repository "") (ne $own.tag "") (ne $own.digest "")) -}}
{{- include "longshore.imageName" (dict "repository" ($own.repository | default .Values.image.repository) "tag" ($own.tag | default .Values.image.tag) "digest" $digest) -}}
{{- end -}}

{{/* An image by its repository, tag and digest. */}}
{{- define "longshore.imageName" -}}
{{- if .digest -}}
{{- printf "%s%s@%s" .repository (ternary (printf ":%s" .tag) "" (ne .tag "")) .digest -}}
{{- else -}}
{{- printf "%s:%s" .repository .tag -}}
{{- end -}}
{{- end -}}

{{/* The gateway's name inside the cluster, which every InferenceService's Service leads to. */}}
{{- define "longshore.gatewayHost" -}}
longshore-gateway.{{ .Release.Namespace }}.svc.{{ .Values.hosts.clusterDomain }}
{{- end -}}

{{/* Environment of what fetches models, as JSON: the tracking server of this release is asked for `models:/…` unless another is named. */}}
{{- define "longshore.storageEnv" -}}
{{- $server := dict -}}
{{- if include "longshore.tracks" . -}}
{{- $server = dict "MLFLOW_TRACKING_URI" (include "longshore.trackingURL" .) -}}
{{- end -}}
{{- merge (deepCopy .Values.storage.env) $server | toJson -}}
{{- end -}}

{{/* Whether a load balancer stands before the gateway. */}}
{{- define "longshore.balanced" -}}
{{- if or .Values.gateway.nlb.enabled (eq .Values.gateway.service.type "LoadBalancer") }}true{{ end -}}
{{- end -}}

{{/* Fewest pods of the gateway that ever run. */}}
{{- define "longshore.fewestGateways" -}}
{{- ternary .Values.gateway.autoscaling.minReplicas .Values.gateway.replicas .Values.gateway.autoscaling.enabled -}}
{{- end -}}

{{/* A load balancer forgets a pod later than kube-proxy does. */}}
{{- define "longshore.drainDelay" -}}
{{- if kindIs "invalid" .Values.gateway.drain.delaySeconds -}}
{{- ternary 20 5 (eq (include "longshore.balanced" .) "true") -}}
{{- else -}}
{{- int .Values.gateway.drain.delaySeconds -}}
{{- end -}}
{{- end -}}
