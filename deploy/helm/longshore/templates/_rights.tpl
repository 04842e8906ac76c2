{{/* What the operator may do in the namespaces it keeps. */}}
{{- define "longshore.operatorRules" -}}
- apiGroups: [serving.kserve.io]
  resources: [inferenceservices, servingruntimes]
  verbs: [get, list, watch]
# to take away the finalizer that KServe's controller left
- apiGroups: [serving.kserve.io]
  resources: [inferenceservices]
  verbs: [patch]
- apiGroups: [serving.kserve.io]
  resources: [inferenceservices/status]
  verbs: [get, update, patch]
# to name an InferenceService as the owner that is waited for
- apiGroups: [serving.kserve.io]
  resources: [inferenceservices/finalizers]
  verbs: [update]
- apiGroups: [apps]
  resources: [deployments]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [get, update, patch]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [autoscaling]
  resources: [horizontalpodautoscalers]
  verbs: [get, list, watch, create, update, patch, delete]
# of the class `keda`, where KEDA is installed
- apiGroups: [keda.sh]
  resources: [scaledobjects]
  verbs: [get, list, watch, create, update, patch, delete]
- apiGroups: [""]
  resources: [pods, serviceaccounts]
  verbs: [get, list, watch]
{{- if .Values.knativeProjection.enabled }}
- apiGroups: [serving.knative.dev]
  resources: [services]
  verbs: [get, list, watch, create, patch, delete]
{{- end }}
# whether a namespace wants a warm pool
- apiGroups: [""]
  resources: [namespaces]
  verbs: [get]
{{- if .Values.networkPolicy.enabled }}
# who may ask the warm pool, by this one name
- apiGroups: [networking.k8s.io]
  resources: [networkpolicies]
  resourceNames: [longshore-pool-ingress]
  verbs: [get, create, patch, delete]
{{- end }}
{{- if .Values.operator.readSecrets }}
# one by one, as ServiceAccounts name them: without `list` nobody learns what Secrets there are
- apiGroups: [""]
  resources: [secrets]
  verbs: [get]
{{- end }}
- apiGroups: ["", events.k8s.io]
  resources: [events]
  verbs: [create, patch]
{{- end -}}

{{/* What the gateway may do there: read what it routes, wake what sleeps, ask whose pod a replica is. */}}
{{- define "longshore.gatewayRules" -}}
- apiGroups: [serving.kserve.io]
  resources: [inferenceservices]
  verbs: [get, list, watch]
- apiGroups: [""]
  resources: [services]
  verbs: [get, list, watch]
- apiGroups: [discovery.k8s.io]
  resources: [endpointslices]
  verbs: [get, list, watch]
- apiGroups: [apps]
  resources: [deployments/scale]
  verbs: [get, update]
- apiGroups: [""]
  resources: [pods]
  verbs: [get]
{{- end -}}

{{/* A binding of a ClusterRole to a role's account, everywhere or in the namespaces that are kept: dict root, role. */}}
{{- define "longshore.bindings" -}}
{{- $namespaces := .root.Values.operator.namespaces -}}
{{- range default (list "") $namespaces }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: {{ ternary "RoleBinding" "ClusterRoleBinding" (ne . "") }}
metadata:
  name: longshore-{{ $.role }}-tenants
  {{- with . }}
  namespace: {{ . }}
  {{- end }}
  labels:
    {{- include "longshore.labels" $ | nindent 4 }}
roleRef:
  apiGroup: rbac.authorization.k8s.io
  kind: ClusterRole
  name: longshore-{{ $.role }}-tenants
subjects:
  - kind: ServiceAccount
    name: longshore-{{ $.role }}
    namespace: {{ $.root.Release.Namespace }}
{{- end }}
{{- end -}}
