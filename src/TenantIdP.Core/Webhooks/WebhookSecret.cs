using System.Security.Cryptography;
using System.Text;
using TenantIdP.Core.Kernel;
using TenantIdP.Core.Organizations;

namespace TenantIdP.Core.Webhooks;

/// <summary>One secret of an endpoint as it is kept: sealed, because we sign by it; shown once.</summary>
/// <param name="Sealed">By the root key, for this endpoint and this secret only.</param>
/// <param name="ExpiresAt">From then on nothing is signed by it; null while nothing follows it.</param>
public sealed record WebhookSecret(Id<WebhookSecret> Id, string Sealed, DateTimeOffset CreatedAt, DateTimeOffset? ExpiresAt) : IHasIdPrefix
{
    /// <summary>Of Standard Webhooks; base64 of <see cref="Bytes"/> bytes follows.</summary>
    public const string Prefix = "whsec_";

    /// <summary>One to sign by and one that ends.</summary>
    public const int MaxLive = 2;

    private const int Bytes = 32;

    public static string IdPrefix => "whs";

    public bool IsLive(DateTimeOffset now) => ExpiresAt is null || ExpiresAt > now;

    /// <summary>The same secret with an end, which never comes later than before.</summary>
    public WebhookSecret EndingAt(DateTimeOffset end) => ExpiresAt is null || ExpiresAt > end ? this with { ExpiresAt = end } : this;

    internal static (WebhookSecret Kept, string Secret) Make(Id<Organization> owner, Id<WebhookEndpoint> endpoint, SecretBox box, DateTimeOffset now)
    {
        var (id, key) = (Id<WebhookSecret>.New(now), RandomNumberGenerator.GetBytes(Bytes));
        return (new WebhookSecret(id, box.Seal(key, Place(owner, endpoint, id)), now, null), Prefix + Convert.ToBase64String(key));
    }

    /// <exception cref="CryptographicException">It was altered or belongs elsewhere.</exception>
    internal byte[] Open(Id<Organization> owner, Id<WebhookEndpoint> endpoint, SecretBox box) => box.Open(Sealed, Place(owner, endpoint, Id));

    private static SecretPlace Place(Id<Organization> owner, Id<WebhookEndpoint> endpoint, Id<WebhookSecret> id) => new("webhook_endpoints", "secrets", $"{endpoint}/{id}", owner.ToString());
}

/// <summary>Standard Webhooks signatures, version 1: HMAC-SHA256 over id, timestamp and body.</summary>
public static class WebhookSigning
{
    /// <summary>The header <c>webhook-signature</c>: one signature for each key, so that a receiver may know either while they rotate.</summary>
    /// <param name="id">Without a dot: what is signed is joined by them.</param>
    /// <param name="timestamp">Seconds since 1970.</param>
    public static string Sign(IEnumerable<byte[]> keys, string id, long timestamp, ReadOnlySpan<byte> body)
    {
        if (id.Contains('.', StringComparison.Ordinal)) throw new ArgumentException("A webhook id has no dot.", nameof(id));
        var signed = (byte[])[.. Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{id}.{timestamp}.")), .. body];
        return string.Join(' ', keys.Select(key => "v1," + Convert.ToBase64String(HMACSHA256.HashData(key, signed))));
    }
}
