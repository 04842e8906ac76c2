{{- define "longshore.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: 65532
runAsGroup: 65532
fsGroup: 65532
seccompProfile:
  type: RuntimeDefault
{{- end -}}

{{- define "longshore.securityContext" -}}
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

{{/* The token for the Kubernetes API, mounted by name so that nothing else of the account is. */}}
{{- define "longshore.tokenVolume" -}}
- name: kubernetes
  projected:
    defaultMode: 0440
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3607
      - configMap:
          name: kube-root-ca.crt
          items: [{key: ca.crt, path: ca.crt}]
      - downwardAPI:
          items:
            - path: namespace
              fieldRef:
                fieldPath: metadata.namespace
{{- end -}}

{{- define "longshore.tokenMount" -}}
- name: kubernetes
  mountPath: /var/run/secrets/kubernetes.io/serviceaccount
  readOnly: true
{{- end -}}

{{/* Probes, both on the port that requests cannot crowd: dict port. They are patient: on a node that is short of processor
time all pods are slow at once, and none is helped by being started anew or left without requests. */}}
{{- define "longshore.probes" -}}
livenessProbe:
  httpGet:
    path: /health/live
    port: {{ .port }}
  periodSeconds: 10
  timeoutSeconds: 10
  failureThreshold: 6
readinessProbe:
  httpGet:
    path: /health/ready
    port: {{ .port }}
  periodSeconds: 1
  timeoutSeconds: 5
  failureThreshold: 5
{{- end -}}

{{/* Where a role's pods go: dict root, role, zone. */}}
{{- define "longshore.placement" -}}
{{- with .root.Values.priorityClassName }}
priorityClassName: {{ . }}
{{- end }}
{{- with .root.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
{{- $kinds := dict "topology.kubernetes.io/zone" .zone "kubernetes.io/hostname" .root.Values.topologySpread.host }}
{{- if or (ne .zone "off") (ne .root.Values.topologySpread.host "off") }}
topologySpreadConstraints:
  {{- range $key, $when := $kinds }}
  {{- if ne $when "off" }}
  - maxSkew: 1
    topologyKey: {{ $key }}
    whenUnsatisfiable: {{ $when }}
    labelSelector:
      matchLabels:
        {{- include "longshore.selectorLabels" $ | nindent 8 }}
    matchLabelKeys:
      - pod-template-hash
  {{- end }}
  {{- end }}
{{- end }}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.affinity }}
affinity:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{/* How strictly a role spreads over zones: dict root, role. */}}
{{- define "longshore.zone" -}}
{{- $zone := .root.Values.topologySpread.zone -}}
{{- if eq $zone "auto" -}}
{{- ternary "DoNotSchedule" "ScheduleAnyway" (and (eq .root.Values.environment "production") (eq .role "gateway")) -}}
{{- else -}}
{{- $zone -}}
{{- end -}}
{{- end -}}
