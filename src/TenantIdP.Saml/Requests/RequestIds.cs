using System.Security.Cryptography;

namespace TenantIdP.Saml.Requests;

public static class RequestIds
{
    private const int Bytes = 16;

    /// <summary>Never given twice and not to be guessed (Core 1.3.4); an underscore first, because an xs:ID can't begin with a digit.</summary>
    public static string New() => "_" + RandomNumberGenerator.GetHexString(Bytes * 2, lowercase: true);
}
