package render

// Application is the name of the Application that makes the target.
func (t Target) Application() string { return t.application }
