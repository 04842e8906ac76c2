{{- define "longshore.policyScaling" -}}
- name: class
  expression: >-
    'serving.kserve.io/autoscalerClass' in variables.annotations ? variables.annotations['serving.kserve.io/autoscalerClass'] : ''
- name: isStandard
  expression: >-
    'serving.kserve.io/deploymentMode' in variables.annotations ?
    variables.annotations['serving.kserve.io/deploymentMode'] in ['Standard', 'RawDeployment'] : {{ eq .Values.defaultDeploymentMode "Standard" }}
- name: scalingFaults
  expression: >-
    ['minReplicas', 'maxReplicas', 'containerConcurrency', 'timeout'].map(f,
    variables.components.filter(c, f in c.it && c.it[f] < 0)
    .map(c, c.path + '.' + f + ': ' + string(c.it[f]) + ' is less than 0: write 0 or more').join('; ')).filter(f, f != '')
    + variables.components.filter(c, 'maxReplicas' in c.it && c.it.maxReplicas > 0 && ('minReplicas' in c.it ? c.it.minReplicas : 1) > c.it.maxReplicas)
    .map(c, c.path + '.minReplicas: ' + string('minReplicas' in c.it ? c.it.minReplicas : 1) + ' is more than `maxReplicas`, ' + string(c.it.maxReplicas) + ': write a smaller one, or a larger maximum')
    + variables.components.filter(c, 'scaleMetric' in c.it && !(c.it.scaleMetric in ['cpu', 'memory', 'concurrency', 'rps']))
    .map(c, c.path + '.scaleMetric: `' + c.it.scaleMetric + '` is not measured: write concurrency, rps, cpu or memory')
    + (variables.class == 'hpa' && variables.isStandard ? variables.components.filter(c, 'scaleMetric' in c.it && c.it.scaleMetric in ['concurrency', 'rps'])
    .map(c, c.path + '.scaleMetric: the class `hpa` measures cpu or memory: write one of these, or leave the annotation serving.kserve.io/autoscalerClass out to scale by ' + c.it.scaleMetric) : [])
    + (variables.class == 'keda' ? variables.components.filter(c, 'scaleMetric' in c.it)
    .map(c, c.path + '.scaleMetric: the class `keda` takes its metrics from `autoScaling`: leave it out') : [])
    + variables.components.filter(c, 'minReplicas' in c.it && c.it.minReplicas == 0
    && (('scaleMetric' in c.it && c.it.scaleMetric in ['cpu', 'memory']) || (!('scaleMetric' in c.it) && variables.class == 'hpa')))
    .map(c, c.path + '.minReplicas: a service that scales by cpu or memory cannot sleep, as nothing is measured without replicas: write 1, or scaleMetric concurrency or rps')
    + variables.components.filter(c, 'scaleTarget' in c.it && c.it.scaleTarget < 1)
    .map(c, c.path + '.scaleTarget: ' + string(c.it.scaleTarget) + ' is no target: write 1 or more')
    + variables.components.filter(c, 'scaleTarget' in c.it && c.it.scaleTarget > 100 && 'scaleMetric' in c.it && c.it.scaleMetric == 'cpu')
    .map(c, c.path + '.scaleTarget: ' + string(c.it.scaleTarget) + ' is no target for cpu: write 1 to 100, in percent of what is requested')
    + variables.components.filter(c, 'logger' in c.it && (!('mode' in c.it.logger) || !(c.it.logger.mode in ['all', 'request', 'response'])))
    .map(c, c.path + '.logger.mode: it says nothing: write all, request or response')
    + ['min-scale', 'minScale', 'max-scale', 'maxScale', 'initial-scale', 'initialScale', 'activation-scale']
    .map(a, 'autoscaling.knative.dev/' + a).filter(a, a in variables.annotations && !variables.annotations[a].matches('^[0-9]+$'))
    .map(a, 'metadata.annotations[' + a + ']: `' + variables.annotations[a] + '` is no number of replicas: write 0 or more')
    + ['target', 'target-utilization-percentage', 'targetUtilizationPercentage']
    .map(a, 'autoscaling.knative.dev/' + a).filter(a, a in variables.annotations && !variables.annotations[a].matches('^[0-9]*[.]?[0-9]+$'))
    .map(a, 'metadata.annotations[' + a + ']: `' + variables.annotations[a] + '` is no number: write one greater than 0')
    + (variables.components.exists(c, 'deploymentStrategy' in c.it) && !variables.isStandard ?
    ['deploymentStrategy: a new version is rolled out by revisions, not by a strategy: leave it out'] : [])
{{- end -}}

{{- define "longshore.policyCanary" -}}
- name: canaryNames
  expression: "variables.canaries.filter(c, 'predictor' in c && 'name' in c.predictor && c.predictor.name != '').map(c, c.predictor.name)"
- name: canaryFaults
  expression: >-
    variables.components.filter(c, 'canaryTrafficPercent' in c.it && (c.it.canaryTrafficPercent < 0 || c.it.canaryTrafficPercent > 100))
    .map(c, c.path + '.canaryTrafficPercent: ' + string(c.it.canaryTrafficPercent) + ' is no share in percent: write 0 to 100')
    + variables.canaries.filter(c, 'trafficPercent' in c && (c.trafficPercent < 0 || c.trafficPercent > 100))
    .map(c, 'spec.canary.trafficPercent: ' + string(c.trafficPercent) + ' is no share in percent: write 0 to 100')
    + (variables.canaries.size() > 0 && 'canaryTrafficPercent' in variables.predictor ?
    ['spec.predictor.canaryTrafficPercent: `spec.canary` says the shares too: write one of them'] : [])
    + (variables.canaryNames.size() < variables.canaries.size() ?
    ['spec.canary.predictor.name: a canary has a name, by which its objects are called: write one'] : [])
    + (variables.canaryNames.exists(n, variables.canaryNames.filter(m, m == n).size() > 1)
    || ('name' in variables.predictor && variables.predictor.name in variables.canaryNames) ?
    ['spec.canary.predictor.name: two predictors have the same name: write another'] : [])
    + (variables.canaries.exists(c, 'trafficPercent' in c) && variables.canaries.filter(c, 'trafficPercent' in c).map(c, int(c.trafficPercent)).sum() > 100 ?
    ['spec.canary: the shares are ' + string(variables.canaries.filter(c, 'trafficPercent' in c).map(c, int(c.trafficPercent)).sum()) + ' percent together: write at most 100'] : [])
    + ['maxReplicas', 'scaleTarget', 'scaleMetric', 'autoScaling', 'workerSpec'].filter(f, variables.canaries.exists(c, 'predictor' in c && f in c.predictor))
    .map(f, 'spec.canary.predictor.' + f + ': a canary scales as the stable predictor does: leave it out')
{{- end -}}

{{- define "longshore.policyChange" -}}
- name: oldMode
  expression: >-
    request.operation == 'UPDATE' && 'status' in dyn(oldObject) && 'deploymentMode' in dyn(oldObject).status ? dyn(oldObject).status.deploymentMode : ''
- name: newMode
  expression: >-
    'serving.kserve.io/deploymentMode' in variables.annotations ?
    variables.annotations['serving.kserve.io/deploymentMode'].replace('Serverless', 'Knative').replace('RawDeployment', 'Standard') : ''
- name: changeFaults
  expression: >-
    variables.oldMode != '' && variables.newMode != '' && variables.oldMode.replace('Serverless', 'Knative').replace('RawDeployment', 'Standard') != variables.newMode ?
    ['metadata.annotations[serving.kserve.io/deploymentMode]: a service of the mode ' + variables.oldMode + ' cannot become one of the mode ' + variables.newMode + ': delete it and make it anew'] : []
{{- end -}}

{{- define "longshore.policyRuntime" -}}
- name: spec
  expression: dyn(object.spec)
- name: formats
  expression: "'supportedModelFormats' in variables.spec ? variables.spec.supportedModelFormats : []"
- name: faults
  expression: >-
    'multiModel' in variables.spec && variables.spec.multiModel ?
    ['spec.multiModel: a runtime of ModelMesh is not served: leave it out, and call the container `kserve-container`'] :
    (!('containers' in variables.spec) || variables.spec.containers.size() == 0 ?
    ['spec.containers: a runtime is its containers: write at least one, called `kserve-container`'] :
    (variables.spec.containers.exists(c, 'name' in c && c.name == 'kserve-container') ? [] :
    ['spec.containers: none is called `kserve-container`, which is the one that a model runs in: write that name']))
    + variables.formats.filter(f, !('name' in f) || f.name == '').map(f, 'spec.supportedModelFormats.name: it is empty: write the format, such as sklearn')
    + variables.formats.filter(f, 'priority' in f && f.priority < 1).map(f, 'spec.supportedModelFormats.priority: ' + string(f.priority) + ' is no priority: write 1 or more')
    + (variables.formats.exists(f, 'name' in f && 'priority' in f && ('autoSelect' in f ? f.autoSelect : false)
    && variables.formats.exists(g, 'name' in g && g.name == f.name && 'priority' in g && ('autoSelect' in g ? g.autoSelect : false) && g.priority != f.priority)) ?
    ['spec.supportedModelFormats.priority: one format has two priorities: write the same for all its versions'] : [])
    + ('protocolVersions' in variables.spec ? variables.spec.protocolVersions.filter(p, !(p in ['v1', 'v2', 'grpc-v1', 'grpc-v2']))
    .map(p, 'spec.protocolVersions: `' + p + '` is no protocol: write v1, v2, grpc-v1 or grpc-v2') : [])
{{- end -}}
