{{/* DNS of the cluster. */}}
{{- define "longshore.dnsRule" -}}
{{- $dns := .Values.networkPolicy.dns -}}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ $dns.namespace }}
      podSelector:
        matchLabels:
          {{- toYaml $dns.podLabels | nindent 10 }}
    {{- range $dns.cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
{{- end -}}

{{- define "longshore.apiRule" -}}
{{- $api := .Values.networkPolicy.apiServer -}}
- ports:
    {{- range $api.ports }}
    - {port: {{ . }}, protocol: TCP}
    {{- end }}
  to:
    {{- range $api.cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
{{- end -}}

{{/* Who may read metrics on a port: dict root, port. */}}
{{- define "longshore.metricsRule" -}}
- ports:
    - {port: {{ .port }}, protocol: TCP}
  from:
    {{- range .root.Values.networkPolicy.metrics.namespaces }}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ . }}
    {{- end }}
{{- end -}}

{{/* Whom the tracking server and its backups may call. */}}
{{- define "longshore.trackingEgress" -}}
{{- $t := .Values.tracking -}}
{{- include "longshore.dnsRule" . }}
{{- if $t.database.secretName }}
- ports:
    - {port: {{ $t.database.port }}, protocol: TCP}
  to:
    {{- range $t.database.cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
{{- end }}
# S3 and webhooks; not the metadata service of the node
- ports:
    - {port: 443, protocol: TCP}
  to:
    - ipBlock:
        cidr: 0.0.0.0/0
        except: [169.254.0.0/16]
# the EKS Pod Identity agent of the node
- ports:
    - {port: 80, protocol: TCP}
  to:
    - ipBlock:
        cidr: 169.254.170.23/32
{{- with .Values.networkPolicy.tracking.egress }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* Pods of models and the pools that answer for those that sleep, whatever namespace they are in. */}}
{{- define "longshore.modelPeer" -}}
- namespaceSelector: {}
  podSelector:
    matchExpressions:
      - {key: serving.kserve.io/inferenceservice, operator: Exists}
- namespaceSelector: {}
  podSelector:
    matchLabels:
      app.kubernetes.io/component: pool
{{- end -}}

{{/* The pods of the gateway, from another namespace. */}}
{{- define "longshore.gatewayPeer" -}}
- namespaceSelector:
    matchLabels:
      kubernetes.io/metadata.name: {{ .Release.Namespace }}
  podSelector:
    matchLabels:
      {{- include "longshore.selectorLabels" (dict "root" . "role" "gateway") | nindent 6 }}
{{- end -}}

{{/* Who may ask the pool of a namespace, which loads whatever model it is asked for: the gateway, and who reads its metrics. */}}
{{- define "longshore.poolIngress" -}}
- from:
    {{- include "longshore.gatewayPeer" . | nindent 4 }}
{{- with .Values.networkPolicy.metrics.namespaces }}
- ports:
    - {port: 8080, protocol: TCP}
  from:
    {{- range . }}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ . }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* Who may ask a model's pods, and whom they may ask: dict root, policy, namespace. */}}
{{- define "longshore.modelRules" -}}
{{- $policy := .policy -}}
{{- $egress := default dict $policy.egress -}}
ingress:
  # the gateway, and no pod of another tenant
  - from:
      {{- include "longshore.gatewayPeer" .root | nindent 6 }}
      {{- range $policy.namespaces }}
      - namespaceSelector:
          matchLabels:
            kubernetes.io/metadata.name: {{ . }}
      {{- end }}
      {{- range $policy.cidrs }}
      - ipBlock:
          cidr: {{ . }}
      {{- end }}
  {{- with .root.Values.networkPolicy.metrics.namespaces }}
  - ports:
      - {port: 8080, protocol: TCP}
    from:
      {{- range . }}
      - namespaceSelector:
          matchLabels:
            kubernetes.io/metadata.name: {{ . }}
      {{- end }}
  {{- end }}
egress:
  {{- include "longshore.dnsRule" .root | nindent 2 }}
  # a transformer asks its predictor through the gateway, and a replica tells it its address
  - ports:
      - {port: 8080, protocol: TCP}
      - {port: 9092, protocol: TCP}
    to:
      {{- include "longshore.gatewayPeer" .root | nindent 6 }}
  {{- if include "longshore.tracks" .root }}
  # the registry, and the models it keeps
  - ports:
      - {port: 5000, protocol: TCP}
    to:
      - namespaceSelector:
          matchLabels:
            kubernetes.io/metadata.name: {{ .root.Release.Namespace }}
        podSelector:
          matchLabels:
            {{- include "longshore.selectorLabels" (dict "root" .root "role" "tracking") | nindent 12 }}
  {{- end }}
  {{- if dig "https" true $egress }}
  # where models are fetched; not the metadata service of the node
  - ports:
      - {port: 443, protocol: TCP}
    to:
      - ipBlock:
          cidr: 0.0.0.0/0
          except: [169.254.0.0/16]
  # the EKS Pod Identity agent of the node
  - ports:
      - {port: 80, protocol: TCP}
    to:
      - ipBlock:
          cidr: 169.254.170.23/32
  {{- end }}
  {{- with $egress.cidrs }}
  - to:
      {{- range . }}
      - ipBlock:
          cidr: {{ . }}
      {{- end }}
  {{- end }}
  {{- with $egress.extra }}
  {{- toYaml . | nindent 2 }}
  {{- end }}
{{- end -}}
