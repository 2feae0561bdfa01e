using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Core.Kernel;

/// <summary>
/// Secrets made by us: 256 random bits behind a greppable prefix. One SHA-256 is enough to store them (there is nothing to guess); never use this for a
/// secret a person chose.
/// </summary>
public static class MachineSecret
{
    private const string HashPrefix = "sha256.";

    public static string New(string prefix) => prefix + Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(32));

    /// <summary>Whether it is of the form that <see cref="New"/> makes, so that what was made elsewhere and is given to us is no guessable word.</summary>
    public static bool IsOf(string prefix, string secret) =>
        secret.StartsWith(prefix, StringComparison.Ordinal) && secret.Length == prefix.Length + 43 && Base64Url.IsValid(secret.AsSpan(prefix.Length)) && secret.Distinct().Count() >= 16;

    public static string Hash(string secret) => HashPrefix + Convert.ToBase64String(SHA256.HashData(Encoding.UTF8.GetBytes(secret)));

    public static bool IsHash(string stored) => stored.StartsWith(HashPrefix, StringComparison.Ordinal);

    /// <summary>Compares in fixed time.</summary>
    public static bool Matches(string secret, string stored) =>
        IsHash(stored) && CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(Hash(secret)), Encoding.ASCII.GetBytes(stored));
}
