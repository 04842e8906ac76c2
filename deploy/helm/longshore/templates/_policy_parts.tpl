{{/* The parts of an InferenceService that several rules look at. `dyn` because a field is asked for by a name that is computed. */}}
{{- define "longshore.policyParts" -}}
- name: annotations
  expression: "has(object.metadata.annotations) ? object.metadata.annotations : {}"
- name: spec
  expression: dyn(object.spec)
- name: predictor
  expression: variables.spec.predictor
- name: frameworks
  expression: >-
    ['sklearn', 'xgboost', 'tensorflow', 'pytorch', 'triton', 'onnx', 'huggingface', 'pmml', 'lightgbm', 'paddle'].filter(f, f in variables.predictor)
- name: canaries
  expression: "'canary' in variables.spec ? variables.spec.canary : []"
# the components, each with its place
- name: components
  expression: >-
    ['predictor', 'transformer', 'explainer'].filter(c, c in variables.spec).map(c, {'path': dyn('spec.' + c), 'it': variables.spec[c]})
# the blocks that say which model: `model`, or a framework's name
- name: modelBlocks
  expression: >-
    (variables.frameworks + ('model' in variables.predictor ? ['model'] : []))
    .map(f, {'path': dyn('spec.predictor.' + f), 'it': variables.predictor[f]})
    + variables.canaries.filter(c, 'predictor' in c && 'model' in c.predictor)
    .map(c, {'path': dyn('spec.canary.predictor.model'), 'it': c.predictor.model})
- name: containers
  expression: >-
    variables.components.filter(c, 'containers' in c.it)
    .map(c, c.it.containers.map(d, {'path': dyn(c.path + '.containers[' + ('name' in d ? d.name : '') + ']'), 'it': d}))
{{- end -}}

{{- define "longshore.policyNames" -}}
{{- $modes := list "Knative" "Serverless" "Standard" "RawDeployment" }}
- name: namesFaults
  expression: >-
    (object.metadata.name.matches('^[a-z]([-a-z0-9]*[a-z0-9])?$') ? [] :
    ['metadata.name: `' + object.metadata.name + '` cannot be the name of a service: write lower-case letters, digits and `-`, beginning with a letter'])
    + (object.metadata.name == 'longshore-pool' ?
    ['metadata.name: `longshore-pool` is the name of the namespace\'s warm pool: write another'] : [])
    + (variables.components.exists(c, size(object.metadata.name) + size(c.path) > 67) ?
    ['metadata.name: `' + object.metadata.name + '` has ' + string(size(object.metadata.name)) + ' characters, and the names made of it may have 63: write at most '
    + ('transformer' in variables.spec ? '51' : '53')] : [])
    + ('serving.kserve.io/deploymentMode' in variables.annotations
    && !(variables.annotations['serving.kserve.io/deploymentMode'] in {{ $modes | toJson | replace "\"" "'" }}) ?
    ['metadata.annotations[serving.kserve.io/deploymentMode]: `' + variables.annotations['serving.kserve.io/deploymentMode']
    + '` is no mode that is served: write Knative or Standard'] : [])
    + ('serving.kserve.io/autoscalerClass' in variables.annotations
    && !(variables.annotations['serving.kserve.io/autoscalerClass'] in ['hpa', 'external', 'keda', 'none']) ?
    ['metadata.annotations[serving.kserve.io/autoscalerClass]: `' + variables.annotations['serving.kserve.io/autoscalerClass']
    + '` is no class: write hpa, external, keda or none, or leave it out'] : [])
    + ('serving.kserve.io/stop' in variables.annotations
    && !(variables.annotations['serving.kserve.io/stop'] in ['true', 'false']) ?
    ['metadata.annotations[serving.kserve.io/stop]: `' + variables.annotations['serving.kserve.io/stop'] + '` is neither: write "true" or "false"'] : [])
    + ['default', 'predictors', 'minReplicas', 'maxReplicas', 'canaryTrafficPercent', 'containers', 'model', 'modelFormat', 'runtime', 'sklearn', 'xgboost', 'serviceAccountName', 'scaleTarget', 'scaleMetric', 'storageUri', 'traffic', 'replicas', 'nodeSelector', 'tolerations'].filter(f, f in variables.spec)
    .map(f, 'spec.' + f + ': there is no such field: write it in `spec.predictor`')
{{- end -}}

{{- define "longshore.policyModels" -}}
- name: hasServer
  expression: >-
    'containers' in variables.predictor && (variables.predictor.containers.exists(c, 'name' in c && c.name == 'kserve-container')
    || (variables.modelBlocks.filter(m, !m.path.startsWith('spec.canary')).size() == 0 && variables.predictor.containers.size() > 0))
- name: answers
  expression: >-
    variables.frameworks + ('model' in variables.predictor ? ['model'] : []) + (variables.hasServer ? ['containers'] : [])
- name: modelsFaults
  expression: >-
    (variables.answers.size() == 0 && !('workloadRef' in variables.predictor) ?
    ['spec.predictor: there is no model: write `model`, or `containers` with one called `kserve-container`'] : [])
    + (variables.answers.size() > 1 ?
    ['spec.predictor: `' + variables.answers.join('`, `') + '` each say what answers: write one of them'] : [])
    + variables.modelBlocks.filter(m, 'name' in m.it && m.it.name != '')
    .map(m, m.path + '.name: a model\'s container has no name of its own: leave it out, or write it beside the model to name this variant')
    + variables.modelBlocks.filter(m, 'storageUri' in m.it && 'storageUris' in variables.predictor)
    .map(m, m.path + '.storageUri: `storageUris` says it too: write one of them')
    + variables.modelBlocks.filter(m, 'storageUri' in m.it && 'storage' in m.it && 'key' in m.it.storage && m.it.storageUri != '')
    .map(m, m.path + '.storageUri: `storage` says it too: write one of them')
    + variables.modelBlocks.filter(m, 'storageUri' in m.it && m.it.storageUri == '')
    .map(m, m.path + '.storageUri: it is empty: write where the model is, such as s3://bucket/path')
    + variables.modelBlocks.filter(m, 'storageUri' in m.it && m.it.storageUri.matches('<[^>]*>|[$][{(]|[{][{]'))
    .map(m, m.path + '.storageUri: `' + m.it.storageUri + '` has a placeholder in it: write the place itself')
    + variables.modelBlocks.filter(m, 'storageUri' in m.it && m.it.storageUri.matches('^(ftp|sftp|scp|ssh|git|git[+]https|git[+]ssh|minio|azureml|dbfs)://'))
    .map(m, m.path + '.storageUri: nothing fetches from `' + m.it.storageUri + '`: write a place such as `s3://bucket/path`, `gs://bucket/path`, `https://host/path` or `pvc://claim/path`')
    + variables.modelBlocks.filter(m, 'storageUri' in m.it && m.it.storageUri != '' && !m.it.storageUri.startsWith('/')
    && !m.it.storageUri.matches('^[a-z][a-z0-9+.-]*:/'))
    .map(m, m.path + '.storageUri: `' + m.it.storageUri + '` is no address: write its scheme, such as `s3://bucket/path`, `gs://bucket/path`, `https://host/path` or `pvc://claim/path`')
    + variables.modelBlocks.filter(m, 'storageUri' in m.it && m.it.storageUri.matches('^(s3|gs|hf|pvc|https?|oci|hdfs):/([^/].*)?$'))
    .map(m, m.path + '.storageUri: `' + m.it.storageUri + '` has one `/` after the scheme: write two')
    + variables.modelBlocks.filter(m, 'modelFormat' in m.it && (!('name' in m.it.modelFormat) || m.it.modelFormat.name == ''))
    .map(m, m.path + '.modelFormat.name: it is empty: write the format, such as sklearn, xgboost, lightgbm or mlflow')
    + ('model' in variables.predictor && !('modelFormat' in variables.predictor.model) ?
    ['spec.predictor.model.modelFormat: it is missing: write the format, such as sklearn, xgboost, lightgbm or mlflow'] : [])
    + ('explainer' in variables.spec && !('containers' in variables.spec.explainer) && !('art' in variables.spec.explainer) ?
    ['spec.explainer.containers: an explainer is its containers: write at least one'] : [])
    + ('transformer' in variables.spec && (!('containers' in variables.spec.transformer) || variables.spec.transformer.containers.size() == 0) ?
    ['spec.transformer.containers: a transformer is its containers: write at least one'] : [])
    + (variables.modelBlocks.exists(m, 'env' in m.it && m.it.env.exists(e, e.name == 'PYTHONPATH'))
    || variables.containers.exists(l, l.exists(c, 'env' in c.it && c.it.env.exists(e, e.name == 'PYTHONPATH'))) ?
    ['env: the variable `PYTHONPATH` is not allowed: put the code into the image'] : [])
    + ('containers' in variables.predictor && variables.predictor.containers.exists(c, 'name' in c && c.name == 'transformer-container'
    && 'env' in c && c.env.exists(e, e.name == 'STORAGE_URI')) ?
    ['spec.predictor.containers[transformer-container].env: a transformer beside the predictor has no `STORAGE_URI`: leave it out, the predictor\'s model is the pod\'s'] : [])
    + ('storageUris' in variables.predictor ? variables.predictor.storageUris.filter(s, 'mountPath' in s
    && (!s.mountPath.startsWith('/') || s.mountPath == '/' || s.mountPath.contains('..')))
    .map(s, 'spec.predictor.storageUris: the mountPath `' + s.mountPath + '` cannot be mounted: write an absolute path without `..`, such as /mnt/models') : [])
{{- end -}}
