// The one module that authors of architectures and users of the library import: levels 0 to 5.
@_exported public import ApusArchitectures
@_exported public import ApusCheckpoints
@_exported public import ApusCompiler
@_exported public import ApusDevices
@_exported public import ApusEngine
@_exported public import ApusGraphs
@_exported public import ApusJSON
@_exported public import ApusLayers
@_exported public import ApusPipelines
@_exported public import ApusTensors
@_exported public import ApusTokenizers
