namespace TenantIdP.Demo.SampleApp;

/// <summary>What a relying application has to know: its own address, the issuer, its credentials, its API.</summary>
public sealed record LedgerlineOptions
{
    public required Uri Url { get; init; }

    public required Uri Issuer { get; init; }

    public required string ClientId { get; init; }

    public required string ClientSecret { get; init; }

    /// <summary>Audience whose access tokens carry this app's permissions.</summary>
    public required string ApiIdentifier { get; init; }

    /// <summary>Signs the webhooks that it is sent.</summary>
    public required string WebhookSecret { get; init; }

    /// <summary>Where the demo tells who there is to sign in as.</summary>
    public required Uri Map { get; init; }
}
