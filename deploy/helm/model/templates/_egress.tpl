{{/* DNS. */}}
{{- define "model.dnsRule" -}}
{{- $e := .Values.networkPolicy.egress -}}
{{- if $e.dns.enabled }}
- ports:
    - {port: 53, protocol: UDP}
    - {port: 53, protocol: TCP}
  to:
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ $e.dns.namespace }}
      podSelector:
        matchLabels:
          {{- toYaml $e.dns.podLabels | nindent 10 }}
    {{- range $e.dns.cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* The rules of what the pods may call. */}}
{{- define "model.egress" -}}
{{- $e := .Values.networkPolicy.egress -}}
{{- include "model.dnsRule" . }}
{{- if eq .Values.aws.identity "podIdentity" }}
- ports:
    - {port: 80, protocol: TCP}
  to:
    # the EKS Pod Identity agent of the node
    - ipBlock:
        cidr: 169.254.170.23/32
{{- end }}
{{- $remote := or (eq (include "model.remote" .) "true") (ne .Values.aws.identity "none") }}
{{- if or (eq $e.https.mode "on") (and (eq $e.https.mode "auto") $remote) }}
- ports:
    - {port: 443, protocol: TCP}
    {{- if .Values.aws.endpointUrl }}
    {{- $port := include "model.urlPort" .Values.aws.endpointUrl }}
    {{- if ne $port "443" }}
    - {port: {{ $port }}, protocol: TCP}
    {{- end }}
    {{- end }}
  to:
    {{- include "model.blocks" (dict "cidrs" $e.https.cidrs "except" $e.https.except) | trim | nindent 4 }}
{{- end }}
{{- if or (eq $e.tracking.mode "on") (and (eq $e.tracking.mode "auto") (ne .Values.model.trackingUri "")) }}
- ports:
    - {port: {{ include "model.trackingPort" . }}, protocol: TCP}
  {{- if or $e.tracking.namespaces $e.tracking.cidrs }}
  to:
    {{- range $e.tracking.namespaces }}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ . }}
    {{- end }}
    {{- range $e.tracking.cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  {{- end }}
{{- end }}
{{- with .Values.traces.endpoint }}
- ports:
    - {port: {{ default (include "model.urlPort" .) $e.traces.port }}, protocol: TCP}
  {{- if or $e.traces.namespaces $e.traces.cidrs }}
  to:
    {{- range $e.traces.namespaces }}
    - namespaceSelector:
        matchLabels:
          kubernetes.io/metadata.name: {{ . }}
    {{- end }}
    {{- range $e.traces.cidrs }}
    - ipBlock:
        cidr: {{ . }}
    {{- end }}
  {{- end }}
{{- end }}
{{- range $kind, $port := dict "mongodb" 27017 "postgres" 5432 "redis" 6379 }}
{{- $store := get $e $kind }}
{{- if $store.enabled }}
- ports:
    - {port: {{ $port }}, protocol: TCP}
  to:
    {{- include "model.blocks" (dict "cidrs" $store.cidrs) | trim | nindent 4 }}
{{- end }}
{{- end }}
{{- with $e.extra }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* ipBlocks; an exception stands only in a block that holds it, which of the usual ones is the widest alone. */}}
{{- define "model.blocks" -}}
{{- $except := .except -}}
{{- range .cidrs }}
- ipBlock:
    cidr: {{ . }}
    {{- if and $except (eq . "0.0.0.0/0") }}
    except:
      {{- toYaml $except | nindent 6 }}
    {{- end }}
{{- end }}
{{- end -}}

{{/* Port of an address: the one written in it, or its scheme's. */}}
{{- define "model.urlPort" -}}
{{- $url := urlParse . -}}
{{- if regexMatch ":[0-9]+$" $url.host -}}
{{- regexFind "[0-9]+$" $url.host -}}
{{- else -}}
{{- ternary 443 80 (eq $url.scheme "https") -}}
{{- end -}}
{{- end -}}

{{/* Port of the tracking server's pods, which may differ from its Service's. */}}
{{- define "model.trackingPort" -}}
{{- $said := .Values.networkPolicy.egress.tracking.port -}}
{{- if $said -}}
{{- int $said -}}
{{- else -}}
{{- include "model.urlPort" (default "http://mlflow" .Values.model.trackingUri) -}}
{{- end -}}
{{- end -}}
