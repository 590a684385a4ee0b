/// What the numbers of a network's output are, as the operators that make them tell.
public enum OutputActivation: Sendable, Equatable {
  /// Each number is a probability of its own, 0...1: it comes out of Sigmoid.
  case sigmoid
  /// The numbers are probabilities that add up to 1 along an axis: they come out of Softmax.
  case softmax
  /// Any number: it comes out of a matrix product, a convolution or the like.
  case linear
}
