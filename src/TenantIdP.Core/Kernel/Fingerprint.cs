using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Core.Kernel;

/// <summary>Stands for a text that need not be kept, or must not be read: found again and compared by it. Not for what can be guessed and is a secret.</summary>
public static class Fingerprint
{
    /// <summary>SHA-256 of the text as UTF-8, lower-case hex.</summary>
    public static string Of(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
