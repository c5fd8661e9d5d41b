// What the file of an architecture needs beside this module, so that such a file has one import.
@_exported public import ApusCheckpoints
@_exported public import ApusGraphs
@_exported public import ApusLayers
@_exported public import ApusTensors
