using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace TenantIdP.Client;

/// <summary>Why a webhook is, or is not, to be believed.</summary>
public enum WebhookVerdict
{
    /// <summary>Signed with a secret of ours, within the window.</summary>
    Valid,

    /// <summary>A header is missing or can't be read.</summary>
    Malformed,

    /// <summary>Too old, or from the future: a delivery that somebody sends again.</summary>
    OutsideWindow,

    /// <summary>No signature is by a secret of ours over this id, time and body.</summary>
    NotSigned,
}

/// <summary>Verifies Standard Webhooks signatures: HMAC-SHA256 over id, timestamp and body.</summary>
public static class WebhookSignature
{
    /// <summary>How far the timestamp may be from now, either way.</summary>
    public static readonly TimeSpan Window = TimeSpan.FromMinutes(5);

    private const string SecretPrefix = "whsec_";
    private const int MostSignatures = 16;

    /// <summary>
    /// Judges one delivery. Within the window the same delivery is valid again: keep its id for that long, and do nothing at the second time.
    /// </summary>
    /// <param name="secrets">The endpoint's secrets, <c>whsec_</c> and base64; two while one replaces the other.</param>
    /// <param name="id">The header <c>webhook-id</c>.</param>
    /// <param name="timestamp">The header <c>webhook-timestamp</c>.</param>
    /// <param name="signatures">The header <c>webhook-signature</c>, with one or more of <c>v1,</c> and base64.</param>
    /// <param name="body">The bytes as they came, before anything parses them.</param>
    /// <param name="now">The present time.</param>
    /// <exception cref="FormatException">A secret is not base64: a mistake in the settings, not in the delivery.</exception>
    public static WebhookVerdict Verify(IReadOnlyCollection<string> secrets, string? id, string? timestamp, string? signatures, ReadOnlySpan<byte> body, DateTimeOffset now)
    {
        ArgumentNullException.ThrowIfNull(secrets);
        // A dot in the id would let its end be read as the beginning of the timestamp.
        if (string.IsNullOrEmpty(id) || id.Contains('.', StringComparison.Ordinal) || string.IsNullOrEmpty(signatures)
            || !long.TryParse(timestamp, NumberStyles.None, CultureInfo.InvariantCulture, out var seconds) || seconds > DateTimeOffset.MaxValue.ToUnixTimeSeconds())
            return WebhookVerdict.Malformed;
        if ((DateTimeOffset.FromUnixTimeSeconds(seconds) - now).Duration() > Window)
            return WebhookVerdict.OutsideWindow;

        var signed = (byte[])[.. Encoding.UTF8.GetBytes($"{id}.{timestamp}."), .. body];
        var offered = Offered(signatures);
        foreach (var secret in secrets)
        {
            var expected = HMACSHA256.HashData(KeyOf(secret), signed);
            if (offered.Any(one => CryptographicOperations.FixedTimeEquals(one, expected)))
                return WebhookVerdict.Valid;
        }

        return WebhookVerdict.NotSigned;
    }

    /// <exception cref="FormatException">It is no secret.</exception>
    internal static void Check(string secret) => KeyOf(secret);

    // Other versions (v1a is asymmetric) may stand beside ours and are passed over.
    private static List<byte[]> Offered(string signatures)
    {
        var offered = new List<byte[]>();
        foreach (var signature in signatures.Split(' ', StringSplitOptions.RemoveEmptyEntries).Take(MostSignatures))
        {
            var bytes = new byte[HMACSHA256.HashSizeInBytes];
            if (signature.StartsWith("v1,", StringComparison.Ordinal) && Convert.TryFromBase64String(signature[3..], bytes, out var written) && written == bytes.Length)
                offered.Add(bytes);
        }

        return offered;
    }

    private static byte[] KeyOf(string secret)
    {
        var key = Convert.FromBase64String(secret.StartsWith(SecretPrefix, StringComparison.Ordinal) ? secret[SecretPrefix.Length..] : secret);
        return key.Length >= 16 ? key : throw new FormatException("A webhook secret has at least 16 bytes.");
    }
}
