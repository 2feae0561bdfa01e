using TenantIdP.Core.Kernel;

namespace TenantIdP.Core.Domains;

/// <summary>What one look at one place found.</summary>
public enum Sighting
{
    /// <summary>The token is there.</summary>
    Proven,

    /// <summary>There is something of ours, with another token.</summary>
    WrongValue,

    /// <summary>The name or page is there, and nothing of ours.</summary>
    Nothing,

    /// <summary>NXDOMAIN, or a 404.</summary>
    NotThere,

    /// <summary>The token stands below the zone's name once more, as when a DNS panel adds the zone to a full name.</summary>
    DoubledZone,

    /// <summary>SERVFAIL, REFUSED, or an HTTP status other than 200 and 404.</summary>
    ServerFailed,

    TimedOut,
    Unreachable,
    CertificateRefused,
    Redirected,
    TooLarge,
    Unreadable,
}

/// <param name="Where">A resolver and a name, or a URL. Not of the inner network: nothing here helps to map it.</param>
/// <param name="Seen">Something of ours only, at most <see cref="MaxSeen"/> characters: what else a name or page holds is nobody's business here.</param>
/// <param name="Advice">What to do about it.</param>
public sealed record DomainSighting(string Where, Sighting Found, string? Seen = null, string? Advice = null)
{
    public const int MaxSeen = 120;
}

/// <summary>What was seen when a proof was looked for.</summary>
/// <param name="Proven">By DNS: every resolver that answered saw it, and one did.</param>
/// <param name="Conclusive">False when we could not look at all, as when our own way to the DNS is cut: that says nothing about the domain.</param>
public sealed record DomainEvidence(VerificationMethod Method, bool Proven, bool Conclusive, IReadOnlyList<DomainSighting> Seen);

/// <summary>Port to the world: looks for the proof of a domain, within half a minute and without judging the claim. Never throws for what the world does.</summary>
public interface IDomainProver
{
    /// <param name="caller">Whose look it is: looks of one caller take turns.</param>
    Task<DomainEvidence> LookAsync(VerificationMethod method, HostName host, string challenge, string caller, CancellationToken ct);
}

/// <summary>What a proof looks like. Fixed names; the token is in no URL.</summary>
public static class DomainProof
{
    public const string DnsPrefix = "_tenantidp-challenge";
    public const string DnsValuePrefix = "tenantidp-domain-verification=";
    public const string MetaName = "tenantidp-site-verification";
    public const string WellKnownPath = "/.well-known/tenantidp-challenge.txt";
    public const string RootPath = "/tenantidp-challenge.txt";

    public static string DnsName(HostName host) => $"{DnsPrefix}.{host}";

    public static string DnsValue(string challenge) => DnsValuePrefix + challenge;

    public static string MetaTag(string challenge) => $"<meta name=\"{MetaName}\" content=\"{challenge}\">";
}
