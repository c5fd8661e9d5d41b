public import ApusGraphs
import ApusTensors
import Foundation

/// Rotary position embedding: pair i of a head turns by `position * inverseFrequencies[i]`.
///
/// The frequencies are those of `transformers`, computed in float32 in its order of operations.
///
/// - Source: Su et al. 2021, arXiv:2104.09864, section 3.2.
public struct RotaryEmbedding: Sendable {
  /// How frequencies are changed for contexts longer than the one trained on.
  public enum Scaling: Sendable, Hashable {
    case none
    /// Every frequency is divided.
    ///
    /// - Source: Chen et al. 2023, arXiv:2306.15595.
    case linear(factor: Float)
    /// Wavelengths above `context / lowFactor` are stretched by `factor`, those below
    /// `context / highFactor` are kept, those between are blended.
    ///
    /// - Source: Grattafiori et al. 2024, arXiv:2407.21783, section 3.2; constants as in its code.
    case llama3(factor: Float, lowFactor: Float, highFactor: Float, context: Float)
  }

  /// `[rotary / 2]`.
  public let inverseFrequencies: [Float]
  public let pairing: Rotary.Pairing
  /// A tensor `[rotary / 2]` that divides the frequencies: how GGUF files keep Llama 3's scaling.
  public let divisors: Weight?

  /// - Parameters:
  ///   - size: how many elements of a head turn.
  ///   - base: the wavelength of the last pair is nearly `2 pi base`.
  public init(
    size: Int, base: Float, scaling: Scaling = .none, pairing: Rotary.Pairing = .halves,
    divisors: Weight? = nil
  ) {
    let plain = stride(from: 0, to: size, by: 2).map { index in
      1 / pow(base, Float(index) / Float(size))
    }
    inverseFrequencies = plain.map(scaling.apply)
    self.pairing = pairing
    self.divisors = divisors
  }

  /// - Parameters:
  ///   - x: `[tokens, heads, head]`.
  ///   - positions: int32 `[tokens]`.
  public func callAsFunction(_ x: Tensor, positions: Tensor) -> Tensor {
    var frequencies = x.graph.constant(
      HostTensor(inverseFrequencies, shape: [inverseFrequencies.count]))
    if let divisors { frequencies = frequencies / x.graph.weight(divisors) }
    return x.rotated(
      positions: positions, inverseFrequencies: frequencies, pairing: pairing)
  }
}

extension RotaryEmbedding.Scaling {
  func apply(_ frequency: Float) -> Float {
    switch self {
    case .none: return frequency
    case .linear(let factor): return frequency / factor
    case .llama3(let factor, let low, let high, let context):
      let wavelength = Float(2 * Double.pi) / frequency
      if wavelength > context / low { return frequency / factor }
      if wavelength < context / high { return frequency }
      let smooth = (context / wavelength - low) / (high - low)
      return (1 - smooth) * frequency / factor + smooth * frequency
    }
  }
}
