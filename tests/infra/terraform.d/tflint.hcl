# The ruleset that is built into tflint, whole: names, types, descriptions, unused declarations, pinned versions, layout.
plugin "terraform" {
  enabled = true
  preset  = "all"
}
