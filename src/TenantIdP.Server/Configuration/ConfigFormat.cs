namespace TenantIdP.Server.Configuration;

/// <summary>What a document can say, for who describes it.</summary>
public static class ConfigFormat
{
    /// <summary>The properties of each section, by its name; those of an object in them have its path before a dot.</summary>
    public static IReadOnlyDictionary<string, IReadOnlyList<string>> Properties { get; } =
        ConfigDocument.OfInstance.Concat(ConfigDocument.OfOrganization).Append(OrganizationConfig.Kind).Distinct().ToDictionary(s => s.Section, s => (IReadOnlyList<string>)[.. s.Properties.SelectMany(p => p.Paths())]);
}
