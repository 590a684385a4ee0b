/// Facts about the program that several modules show.
public enum Program {
  public static let version = "0.1.0"
}
