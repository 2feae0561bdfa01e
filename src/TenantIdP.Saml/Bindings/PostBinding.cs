using System.Text;
using TenantIdP.Saml.Keys;
using TenantIdP.Saml.Signatures;

namespace TenantIdP.Saml.Bindings;

/// <summary>A form that the browser is to post.</summary>
/// <param name="Fields">Hidden ones, not yet encoded for HTML.</param>
public sealed record PostForm(string Destination, IReadOnlyList<KeyValuePair<string, string>> Fields);

/// <summary>A message in a form (Bindings 3.5.4).</summary>
public static class PostBinding
{
    /// <param name="key">Null leaves it unsigned.</param>
    public static PostForm Encode(string destination, SamlParameter parameter, string xml, string? relayState, SamlKeyPair? key)
    {
        var message = key is null ? xml : XmlSigner.Sign(xml, key);
        var fields = new List<KeyValuePair<string, string>> { new(parameter.Name(), Convert.ToBase64String(Encoding.UTF8.GetBytes(message))) };
        if (relayState is { Length: > 0 }) fields.Add(new(SamlParameters.RelayState, relayState));
        return new PostForm(destination, fields);
    }
}
