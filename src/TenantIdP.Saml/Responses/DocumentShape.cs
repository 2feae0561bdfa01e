using System.Xml;
using TenantIdP.Saml.Xml;

namespace TenantIdP.Saml.Responses;

/// <summary>What the whole document may hold, judged before anything in it is believed: signature wrapping needs a second assertion, a second ID or a signature elsewhere.</summary>
internal static class DocumentShape
{
    /// <summary>No value may mean two elements to any reader; for a message without an assertion, which has nothing else to be moved.</summary>
    public static bool HasProperIds(XmlElement root)
    {
        var ids = new HashSet<string>(StringComparer.Ordinal);
        return root.SelfAndDescendants().All(element => TryIds(element, ids));
    }

    /// <param name="root">A Response, or an Assertion that was encrypted.</param>
    /// <param name="assertion">The one Assertion or EncryptedAssertion: the root itself, or its direct child.</param>
    public static bool TryAssertion(XmlElement root, CheckList checks, out XmlElement? assertion)
    {
        assertion = null;
        var (found, ids) = (0, new HashSet<string>(StringComparer.Ordinal));
        foreach (var element in root.SelfAndDescendants())
        {
            if (IsAssertion(element))
            {
                found++;
                if (element == root || element.ParentNode == root) assertion = element;
            }

            if (element.Is(SamlNames.SignatureNamespace, "Signature") && !IsSigned(element.ParentNode, root))
                return checks.Fail(Signatures.SignatureChecks.Place, "A signature that stands neither in the response nor in the assertion.");
            if (!TryIds(element, ids)) return checks.Fail(ResponseChecks.Ids, "An ID that is used twice, is not an ID or is written in another way.");
        }

        checks.Pass(ResponseChecks.Ids, $"{ids.Count} different ones.");
        return checks.Require(found == 1 && assertion is not null, ResponseChecks.OneAssertion, found == 1 && assertion is null ? "One, in another place." : $"{found} in the message.", "one, directly in the response");
    }

    // By name and by place: an element that only calls itself a response is not one.
    private static bool IsSigned(XmlNode? element, XmlElement root) =>
        element == root || (element.Is(SamlNames.AssertionNamespace, "Assertion") && element?.ParentNode == root);

    private static bool IsAssertion(XmlElement element) => element.NamespaceURI == SamlNames.AssertionNamespace && element.LocalName is "Assertion" or "EncryptedAssertion";

    // Some readers look for Id, some for id, some for xml:id: no value may mean two elements to any of them.
    private static bool TryIds(XmlElement element, HashSet<string> ids)
    {
        foreach (XmlAttribute attribute in element.Attributes)
        {
            if (!attribute.LocalName.Equals("id", StringComparison.OrdinalIgnoreCase)) continue;
            if (attribute.NamespaceURI.Length > 0 || !Elements.IsId(attribute.Value) || !ids.Add(attribute.Value)) return false;
        }

        return true;
    }
}
