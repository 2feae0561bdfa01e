namespace TenantIdP.Saml.Bindings;

/// <summary>Which of the two parameters carries a message.</summary>
public enum SamlParameter
{
    Request,
    Response,
}

internal static class SamlParameters
{
    public const string RelayState = "RelayState";
    public const string Algorithm = "SigAlg";
    public const string Signature = "Signature";
    public const string Encoding = "SAMLEncoding";

    public static string Name(this SamlParameter parameter) => parameter == SamlParameter.Request ? "SAMLRequest" : "SAMLResponse";
}
