/// A number with what it counts: "1 check", "2 checks".
///
/// - Parameter many: the plural where it is not `one` with an s.
public func counted(_ count: some BinaryInteger, _ one: String, _ many: String? = nil) -> String {
  "\(count) \(count == 1 ? one : many ?? one + "s")"
}
