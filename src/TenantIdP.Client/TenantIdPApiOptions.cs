namespace TenantIdP.Client;

/// <summary>What an API that accepts access tokens has to say.</summary>
public sealed class TenantIdPApiOptions
{
    /// <summary>The issuer, such as <c>https://login.example.com</c>. Plain http is accepted on a loopback address only.</summary>
    public string Issuer { get; set; } = "";

    /// <summary>The API's own identifier: tokens for another audience are refused.</summary>
    public string Api { get; set; } = "";

    /// <summary>
    /// An app with the scope <c>authorization:check</c>, by which the API asks when a token has too many permissions to list them.
    /// Without it, the answer is no.
    /// </summary>
    public string? ClientId { get; set; }

    /// <summary>The secret of <see cref="ClientId"/>.</summary>
    public string? ClientSecret { get; set; }
}
