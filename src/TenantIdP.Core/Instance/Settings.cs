using System.ComponentModel.DataAnnotations;

namespace TenantIdP.Core.Instance;

/// <summary>Reads a record of settings at start; a wrong value ends the start with a sentence that names its key.</summary>
public static class Settings
{
    /// <param name="section">Such as <c>TenantIdP:Tokens</c>.</param>
    /// <param name="read">Binds the section; Core knows no configuration.</param>
    /// <exception cref="StartupException">A value is out of range or not of its type.</exception>
    public static T Read<T>(string section, Func<T?> read) where T : class, new()
    {
        T options;
        try
        {
            options = read() ?? new T();
        }
        catch (InvalidOperationException wrong)
        {
            throw new StartupException($"{Environment(section)}: {wrong.Message}", wrong); // the binder's message names the value's path
        }

        var failures = new List<ValidationResult>();
        if (Validator.TryValidateObject(options, new ValidationContext(options), failures, validateAllProperties: true)) return options;
        var failure = failures[0];
        throw new StartupException($"{Environment(section)}__{failure.MemberNames.FirstOrDefault()}: {failure.ErrorMessage}");
    }

    private static string Environment(string section) => section.Replace(":", "__", StringComparison.Ordinal);
}
