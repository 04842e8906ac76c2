{{/* One application of the platform from a public chart. Takes root, chart, wave, namespace, values (YAML text); optional name, skipCrds, ignore (YAML text), extraSources (YAML text) */}}
{{- define "longshore.platform" -}}
{{- $chart := index .root.Values.charts .chart -}}
apiVersion: argoproj.io/v1alpha1
kind: Application
metadata:
  name: {{ .name | default .chart }}
  namespace: argocd
  annotations:
    argocd.argoproj.io/sync-wave: {{ index .root.Values.waves .wave | quote }}
    # A controller has to outlive what it made (load balancers, nodes): a person says yes before it goes.
    argocd.argoproj.io/sync-options: Prune=confirm,Delete=confirm
spec:
  project: platform
  source:
    repoURL: {{ $chart.repoURL }}
    chart: {{ .chart }}
    targetRevision: {{ $chart.version }}
    helm:
      releaseName: {{ .name | default .chart }}
      {{- if .skipCrds }}
      skipCrds: true
      {{- end }}
      {{- with .values }}
      valuesObject:
        {{- . | nindent 8 }}
      {{- end }}
  destination:
    server: https://kubernetes.default.svc
    namespace: {{ .namespace }}
  {{- with .ignore }}
  ignoreDifferences:
    {{- . | nindent 4 }}
  {{- end }}
  {{- include "longshore.syncPolicy" . | nindent 2 }}
{{- end }}

{{/* Server-side apply, because the CRDs are larger than the annotation that client-side apply writes */}}
{{- define "longshore.syncPolicy" -}}
syncPolicy:
  automated: {prune: true, selfHeal: true}
  syncOptions: [ServerSideApply=true, PruneLast=true, RespectIgnoreDifferences=true, SkipDryRunOnMissingResource=true]
  retry:
    limit: 10
    backoff: {duration: 10s, factor: 2, maxDuration: 5m}
{{- end }}
