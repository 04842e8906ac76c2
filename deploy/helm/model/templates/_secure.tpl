{{/* TLS, API keys: what of them the other objects have to know. */}}
{{- define "model.scheme" -}}
{{- ternary "https" "http" (ne .Values.tls.secretName "") -}}
{{- end -}}

{{/* Whether nobody gets in without a certificate of his own: kubelet and load balancers have none. */}}
{{- define "model.certificateWanted" -}}
{{- if and .Values.tls.clientCaSecretName (eq .Values.tls.clientAuth "required") }}true{{ end -}}
{{- end -}}

{{/* Where the kubelet asks for readiness: where clients ask, as long as it is let in there. */}}
{{- define "model.readyProbe" -}}
httpGet:
  path: /health/ready
  {{- if include "model.certificateWanted" . }}
  port: metrics
  {{- else }}
  port: http
  {{- if .Values.tls.secretName }}
  scheme: HTTPS
  {{- end }}
  {{- end }}
{{- end -}}

{{/* Whole folders, without subPath, so that kubelet renews them. */}}
{{- define "model.secretMounts" -}}
{{- if .Values.tls.secretName }}
- {name: tls, mountPath: /etc/longshore/tls, readOnly: true}
{{- end }}
{{- if .Values.tls.clientCaSecretName }}
- {name: client-ca, mountPath: /etc/longshore/client-ca, readOnly: true}
{{- end }}
{{- if .Values.apiKeys.secretName }}
- {name: api-keys, mountPath: /etc/longshore/api-keys, readOnly: true}
{{- end }}
{{- end -}}

{{- define "model.secretVolumes" -}}
{{- with .Values.tls.secretName }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items: [{key: tls.crt, path: tls.crt}, {key: tls.key, path: tls.key}]
{{- end }}
{{- with .Values.tls.clientCaSecretName }}
- name: client-ca
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items: [{key: ca.crt, path: ca.crt}]
{{- end }}
{{- with .Values.apiKeys.secretName }}
- name: api-keys
  secret:
    secretName: {{ . }}
    defaultMode: 0440
    items: [{key: {{ $.Values.apiKeys.key }}, path: keys}]
{{- end }}
{{- end -}}

{{- define "model.validateSecure" -}}
{{- $v := .Values -}}
{{- if and $v.tls.clientCaSecretName (not $v.tls.secretName) }}
{{- fail "tls.clientCaSecretName asks clients for a certificate, but the pods have none themselves: write tls.secretName as well" }}
{{- end }}
{{- if include "model.certificateWanted" . }}
{{- if or $v.ingress.enabled $v.gateway.enabled (and $v.loadBalancer.enabled $v.loadBalancer.certificateArn) }}
{{- fail "tls.clientAuth is required, but what ends TLS before the pods shows them no certificate: write loadBalancer.enabled=true without a certificateArn, which passes TLS on to them, or tls.clientAuth=optional" }}
{{- end }}
{{- if and $v.tests.enabled (not $v.tests.tlsSecretName) }}
{{- fail "the pod of `helm test` has no certificate to show: write tests.tlsSecretName, a Secret with ca.crt, tls.crt and tls.key, or tests.enabled=false" }}
{{- end }}
{{- end }}
{{- if and $v.apiKeys.secretName $v.tests.enabled (not $v.tests.apiKeySecretName) }}
{{- fail "the pod of `helm test` has no key to ask with: write tests.apiKeySecretName, a Secret with a key of `longshore api-key`, or tests.enabled=false" }}
{{- end }}
{{- if and $v.apiKeys.secretName (eq $v.environment "production") (not $v.tls.secretName) (not (include "model.edge" .)) }}
{{- fail "apiKeys.secretName is set but the pods speak plain HTTP, and production sends no keys in the clear: write tls.secretName" }}
{{- end }}
{{- end -}}
