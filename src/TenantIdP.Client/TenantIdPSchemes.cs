namespace TenantIdP.Client;

/// <summary>Names of the authentication schemes that the package registers.</summary>
public static class TenantIdPSchemes
{
    /// <summary>The session of a web application (<c>AddTenantIdP</c>).</summary>
    public const string Session = "TenantIdP.Session";

    /// <summary>The sign-in at the login host (<c>AddTenantIdP</c>).</summary>
    public const string SignIn = "TenantIdP.SignIn";

    /// <summary>Bearer tokens of an API (<c>AddTenantIdPApi</c>).</summary>
    public const string Api = "TenantIdP.Api";

    // Claims of other schemes of the same application never count as ours.
    internal const string Identity = "TenantIdP";
}
