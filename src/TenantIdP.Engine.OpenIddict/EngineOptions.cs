using System.ComponentModel.DataAnnotations;

namespace TenantIdP.Engine.OpenIddict;

/// <summary>Lifetimes of what the engine issues.</summary>
public sealed record TokenOptions
{
    public const string Section = "TenantIdP:Tokens";

    /// <summary>Seconds an authorization code lives (RFC 9700 section 2.1.1 wants it short).</summary>
    [Range(10, 600)]
    public int CodeSeconds { get; init; } = 60;

    /// <summary>Seconds an access token lives unless its API says otherwise.</summary>
    [Range(60, 86_400)]
    public int AccessTokenSeconds { get; init; } = 300;

    [Range(60, 86_400)]
    public int IdTokenSeconds { get; init; } = 300;

    /// <summary>Days a refresh token lives unused.</summary>
    [Range(1, 365)]
    public int RefreshTokenDays { get; init; } = 14;

    /// <summary>Days after which a family ends whatever its use (ASVS 10.4.8).</summary>
    [Range(1, 730)]
    public int RefreshTokenAbsoluteDays { get; init; } = 90;

    /// <summary>Seconds a pushed authorization request may wait (RFC 9126 section 2.2).</summary>
    [Range(5, 600)]
    public int PushedRequestSeconds { get; init; } = 90;
}

/// <summary>How signing keys come and go. A key is published before it signs and stays published while its tokens may live.</summary>
public sealed record SigningKeyOptions
{
    public const string Section = "TenantIdP:SigningKeys";

    [Range(1, 3_650)]
    public int RotateDays { get; init; } = 90;

    /// <summary>Hours a new key is in the key set before it signs.</summary>
    [Range(1, 24 * 90)]
    public int AnnounceHours { get; init; } = 14 * 24;

    /// <summary>Days an old key stays in the key set after its successor took over.</summary>
    [Range(1, 365)]
    public int RetainDays { get; init; } = 14;
}

/// <summary>The first app of an installation, made at start: it may manage the whole instance.</summary>
public sealed record BootstrapOptions
{
    public const string Section = "TenantIdP:Bootstrap";

    public string? ClientId { get; init; }

    /// <summary>At least 43 characters (256 random bits) outside a development loopback.</summary>
    public string? ClientSecret { get; init; }
}
