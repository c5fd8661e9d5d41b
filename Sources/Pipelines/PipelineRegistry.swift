public import ApusCheckpoints

/// The architectures that can be loaded, and how a checkpoint becomes a running service.
public struct PipelineRegistry: Sendable {
  /// In the order of registration.
  public let architectures: [SupportedArchitecture]

  /// - Parameter architectures: a later one takes the place of an earlier one of the same name.
  public init(_ architectures: [SupportedArchitecture]) {
    var result: [SupportedArchitecture] = []
    for architecture in architectures {
      if let place = result.firstIndex(where: { $0.name == architecture.name }) {
        result[place] = architecture
      } else {
        result.append(architecture)
      }
    }
    self.architectures = result
  }

  /// The architecture that a checkpoint names.
  ///
  /// - Throws: `PipelineError` where it is not known, with all that are, and with the tensors and
  ///   configuration keys in which it differs from the nearest.
  public func architecture(of checkpoint: Checkpoint) throws(PipelineError) -> SupportedArchitecture
  {
    try ArchitectureLookup(architectures: architectures).find(
      classNames: checkpoint.config.architectures, modelType: checkpoint.config.modelType,
      checkpoint: checkpoint)
  }

  /// - Parameters:
  ///   - classNames: as in `config.json`; empty for a GGUF file, which names a model type alone.
  ///   - modelType: `model_type`, or `general.architecture` of a GGUF file.
  package func architecture(
    classNames: [String], modelType: String?
  ) throws(PipelineError) -> SupportedArchitecture {
    try ArchitectureLookup(architectures: architectures).find(
      classNames: classNames, modelType: modelType)
  }
}
